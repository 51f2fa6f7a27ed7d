-- One row a day and store of onsite retail: what was sold, and what was given back.
SELECT
  to_date(sold_at) AS day,
  store_id,
  count(DISTINCT CASE WHEN quantity > 0 THEN receipt_no END) AS receipts,
  sum(CASE WHEN quantity > 0 THEN quantity ELSE 0 END) AS units,
  sum(CASE WHEN quantity > 0 THEN quantity * unit_price ELSE 0 END) AS revenue,
  sum(CASE WHEN quantity > 0 THEN 0 ELSE quantity END) AS returned_units,
  sum(CASE WHEN quantity > 0 THEN 0 ELSE quantity * unit_price END) AS returned_revenue
FROM silver.pos_sales
GROUP BY to_date(sold_at), store_id
