-- What changes with every batch of votes references nothing any more, for the reason that votes never did: a row of a table with a
-- foreign key is fetched once more and looked at after each change, also where the key stays as it was. These rows, too, are
-- written and deleted under their poll's lock only, by every version.
ALTER TABLE votify_tallies DROP CONSTRAINT votify_tallies_poll_id_fkey;
ALTER TABLE votify_poll_options DROP CONSTRAINT votify_poll_options_poll_id_fkey;
