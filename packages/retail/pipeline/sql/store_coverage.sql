-- One row a state with stores: how many there are, and of how many the zip code is known.
-- A zip is its first five characters as spelled; one that lost its leading zero stays unknown.
SELECT
  s.state,
  count(*) AS stores,
  count(z.code) AS zipcodes
FROM silver.stores AS s
LEFT JOIN silver.zipcodes AS z ON substr(s.zip, 1, 5) = z.code
GROUP BY s.state
