# The cache of the lab and the quickstart: in front of the zone's own HAProxy, which leads to the zone's healthy
# containers, and to the other zone when it has none.

vcl 4.1;

include "./tercet-xkey.vcl";
include "./tercet.vcl";

probe ok {
  .url = "/ok";
  .interval = 1s;
  .timeout = 1s;
  .window = 3;
  .threshold = 2;
  .initial = 2;
}

backend web {
  .host = "127.0.0.1";
  .port = "8080";
  .connect_timeout = 1s;
  .first_byte_timeout = 30s;
  .probe = ok;
}

sub vcl_backend_response {
  # How long a page is fresh is the application's to say (Cache-Control: s-maxage=…). Grace bridges the moment
  # in which it is fetched again; a purge removes the page with its grace.
  set beresp.grace = 10s;
  if (beresp.status >= 500) {
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
  }
}
