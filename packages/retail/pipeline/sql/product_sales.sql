-- One row a month and product. Stock codes stay as spelled: `85123a` is not `85123A`.
-- The description is that of the latest sale in the month; a tie is settled by the invoice, then by the text.
SELECT
  to_month(invoice_date) AS month,
  stock_code,
  latest(description, invoice_date, invoice_no) AS description,
  sum(quantity) AS units,
  sum(quantity * unit_price) AS revenue
FROM silver.orders
WHERE is_sale
GROUP BY to_month(invoice_date), stock_code
