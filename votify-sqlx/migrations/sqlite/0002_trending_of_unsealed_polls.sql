-- Trending lists ask for polls that are not sealed, which the general index has to look up one by one.
CREATE INDEX votify_polls_trending_unsealed ON votify_polls (heat, id, opens_at, closes_order) WHERE sealed_at IS NULL;
