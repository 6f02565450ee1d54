# What Tercet needs of a Varnish. Include it first, so that no other rule answers before it:
#
#     vcl 4.1;
#     include "./tercet.vcl";
#
# Start varnishd with a second, named address, at the loopback, and give it to the manager
# (`varnish: {http: "127.0.0.1:6083", …}`):
#
#     varnishd -a public=10.0.0.11:6081 -a tercet=127.0.0.1:6083 -i ZONE …
#
# A PURGE counts at that address alone. A list of private networks would not do: a router in front forwards
# every method from its own private address, and with that anybody on the internet could purge.

sub vcl_recv {
  if (req.method == "PURGE") {
    if (local.socket != "tercet") {
      return (synth(405, "Method Not Allowed"));
    }
    # The built-in rules do this for every other request before it is hashed.
    set req.http.host = req.http.host.lower();
    # Removes the object with all its variants, grace and keep included.
    return (purge);
  }
  if (local.socket == "tercet") {
    return (synth(403, "This address is for purging"));
  }
}

sub vcl_synth {
  if (resp.status == 405) {
    set resp.http.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  }
}

# Kept on the object, a ban can be tested by the lurker thread, which sees objects and no requests; bans on
# `req.*` would wait for a request to every object and pile up.
sub vcl_backend_response {
  set beresp.http.x-url = bereq.url;
  set beresp.http.x-host = bereq.http.host;
}

sub vcl_deliver {
  unset resp.http.x-url;
  unset resp.http.x-host;
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  } else {
    set resp.http.X-Cache = "MISS";
  }
  # The name given to varnishd with -i.
  set resp.http.X-Cache-Zone = server.identity;
}
