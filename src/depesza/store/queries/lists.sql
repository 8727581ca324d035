-- Queries of those who look up: conversations of replies, stop lists, lists of receivers.

-- name: conversations_of
-- values: n bigint, number text, peer text
-- columns: n, number, account, user_id, message, tag, batch, until, dialect
-- Whose conversations texts belong to, with the vendor's words of the message that each answers.
SELECT v.n AS n, v.number AS number, c.account AS account, c.user_id AS user_id, c.message AS message, c.tag AS tag,
  c.batch AS batch, c.until AS until, s.dialect AS dialect
FROM v JOIN conversations c ON c.number = v.number AND c.peer = v.peer
LEFT JOIN messages m ON m.id = c.message LEFT JOIN submissions s ON s.id = m.submission

-- name: order_waiting
-- An order that nobody has decided on yet.
SELECT id, owner, kind, currency, vat, at, status, asked, decided FROM orders
WHERE id = ?1 AND status = 'waiting' /*pg FOR UPDATE */

-- name: cart_open
-- A cart that nobody has ordered yet.
SELECT id, owner, country, description, expires, assigned, ordered FROM carts
WHERE id = ?1 AND owner = ?2 AND expires > ?3 AND ordered = 0 /*pg FOR UPDATE */

-- name: voucher_found
-- A voucher by the hash of its code.
SELECT id, amount, expires, revoked, used FROM vouchers WHERE digest = ?1 /*pg FOR UPDATE */

-- name: link_codes_taken
-- values: code text
-- columns: code
-- Which of these codes stand in messages already.
SELECT c.code AS code FROM v JOIN link_codes c ON c.code = v.code

-- name: offered_number
-- A number of the operator's, so that nobody else rents it meanwhile.
SELECT number, currency, price, shared, account, prolong, until FROM offered_numbers WHERE number = ?1 /*pg FOR UPDATE */

-- name: offered_due
-- columns: number, currency, price, shared, account, prolong, until
-- Numbers whose month is over.
SELECT number, currency, price, shared, account, prolong, until FROM offered_numbers
WHERE account > 0 AND until <= ?1 ORDER BY until LIMIT ?2 /*pg FOR UPDATE */
