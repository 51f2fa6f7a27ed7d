-- One row a customer who bought something; guests are nobody.
SELECT
  customer_id,
  count(DISTINCT invoice_no) AS orders,
  sum(quantity) AS units,
  sum(quantity * unit_price) AS revenue,
  min(invoice_date) AS first_order,
  max(invoice_date) AS last_order
FROM silver.orders
WHERE is_sale AND NOT is_guest
GROUP BY customer_id
