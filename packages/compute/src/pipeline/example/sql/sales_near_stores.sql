-- A gold dataset may read other gold datasets. The first table decides which slice a row belongs to.
SELECT
  d.country,
  count(DISTINCT s.store_id) AS stores,
  max(d.revenue) AS best_revenue
FROM gold.daily_sales AS d
LEFT JOIN silver.stores AS s ON d.country = s.country
GROUP BY d.country
