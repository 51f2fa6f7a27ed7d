-- One row a day and country: what was sold, and what was cancelled.
-- An invoice counts once, however many lines it has; a day with cancellations only has no invoices.
SELECT
  to_date(invoice_date) AS day,
  country,
  count(DISTINCT CASE WHEN is_sale THEN invoice_no END) AS invoices,
  sum(CASE WHEN is_sale THEN quantity ELSE 0 END) AS units,
  sum(CASE WHEN is_sale THEN quantity * unit_price ELSE 0 END) AS revenue,
  sum(CASE WHEN is_cancellation THEN quantity ELSE 0 END) AS cancelled_units,
  sum(CASE WHEN is_cancellation THEN quantity * unit_price ELSE 0 END) AS cancelled_revenue
FROM silver.orders
GROUP BY to_date(invoice_date), country
