-- Every facility numbers from 1, so one value stands in as many domains as there are facilities: whoever asks for a number in a domain
-- must not read it in all of them, whichever index is taken. A search by value alone is served as before.
create index identifier_value_domain on identity.identifier (value, domain);
drop index identity.identifier_value;
