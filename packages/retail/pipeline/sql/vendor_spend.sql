-- One row a vendor with orders. Left joins: spend of an unknown vendor is shown as such, not lost.
SELECT
  coalesce(v.name, '(unknown vendor)') AS vendor,
  count(DISTINCT l.purchase_order_id) AS orders,
  count(*) AS lines,
  sum(l.line_total) AS spend
FROM silver.purchase_order_lines AS l
LEFT JOIN silver.purchase_orders AS o ON l.purchase_order_id = o.purchase_order_id
LEFT JOIN silver.vendors AS v ON o.vendor_id = v.vendor_id
GROUP BY coalesce(v.name, '(unknown vendor)')
