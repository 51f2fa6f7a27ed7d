-- One row a day: sessions, their clicks, and how many sessions came to page 2, 3, 4 and 5 of the shop.
SELECT
  click_date AS day,
  count(DISTINCT session_id) AS sessions,
  count(*) AS clicks,
  count(DISTINCT CASE WHEN page >= 2 THEN session_id END) AS reached_page_2,
  count(DISTINCT CASE WHEN page >= 3 THEN session_id END) AS reached_page_3,
  count(DISTINCT CASE WHEN page >= 4 THEN session_id END) AS reached_page_4,
  count(DISTINCT CASE WHEN page >= 5 THEN session_id END) AS reached_page_5
FROM silver.clicks
GROUP BY click_date
