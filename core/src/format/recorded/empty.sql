SELECT number AS n, 'x' AS s FROM numbers(5) WHERE number > 9 LIMIT 2
