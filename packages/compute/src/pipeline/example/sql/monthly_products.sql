SELECT
  to_month(o.invoice_date) AS month,
  o.stock_code,
  latest(o.description, o.invoice_date, o.invoice_no) AS description,
  sum(o.quantity) AS units,
  sum(o.quantity * o.unit_price) AS revenue
FROM silver.orders o
WHERE o.is_sale
GROUP BY month, o.stock_code
