SELECT
    [1, 2] AS numbers, ['a"b\'c', 'x\ty'] AS strings, emptyArrayUInt8() AS none, [[1, 2], [3]] AS lists,
    CAST([], 'Array(Array(UInt8))') AS no_lists, CAST([[]], 'Array(Array(UInt8))') AS empty_lists,
    [NULL, 'x'] AS nullable, [true] AS bools, [toDate('2020-01-01')] AS dates,
    [toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')] AS uuids, [toDecimal64(1.5, 2)] AS decimals,
    (1, 'a"\'b') AS tuple, CAST((1, 'z'), 'Tuple(a UInt8, b String)') AS named, [(1, 'x'), (2, 'y')] AS tuples,
    [CAST((1, 'z'), 'Tuple(a UInt8, b String)')] AS nameds, ([1], (2, (3, 4))) AS deep,
    map('k\'"', [1, 2]) AS m, map('a', map('b', 1)) AS maps, map(1, 2, 3, 4) AS by_number, CAST(map(), 'Map(String, UInt8)') AS no_map,
    [map('k', 1)] AS map_list, map('k', (1, 2)) AS map_tuple, map(toDate('2020-01-01'), 1) AS by_date,
    ['\b\0'] AS control, [nan] AS nans, 'x' AS `odd "name"/,`
