# What Tercet needs of a Varnish. Include it first, so that no other rule answers before it:
#
#     vcl 4.1;
#     include "./tercet-xkey.vcl";    # if Debian's varnish-modules are there; before tercet.vcl
#     include "./tercet.vcl";
#     include "./site.vcl";           # may itself begin with `vcl 4.0;`
#
# Start varnishd with a second, named address, at the loopback, and give it to the manager
# (`varnish: {http: "127.0.0.1:6083", …}`); let the lurker work early, and bound the list of bans for good:
#
#     varnishd -a public=10.0.0.11:6081 -a tercet=127.0.0.1:6083 -i ZONE \
#       -p ban_lurker_age=1 -p ban_lurker_batch=100 -p ban_cutoff=5000 …
#
# A PURGE counts at that address alone. A list of private networks would not do: a router in front forwards
# every method from its own private address, and with that anybody on the internet could purge.

# By another name: many a site has an acl that is called `purge`.
import purge as tercet_purge;

sub vcl_recv {
  if (local.socket != "tercet") {
    # Also those by which the rules of many a site take purges from private networks.
    if (req.method == "PURGE" || req.method == "BAN" || req.method == "REFRESH") {
      return (synth(405, "Method Not Allowed"));
    }
    # Is Varnish itself well? For whatever stands in front; it says nothing of the backends.
    if (req.url == "/.tercet/varnish") {
      return (synth(200, "Varnish is well"));
    }
    # The built-in rules do this last, which a site's own rules may never come to; a purge is for the host in small
    # letters.
    if (req.http.host) {
      set req.http.host = req.http.host.lower();
    }
  } else {
    if (req.method != "PURGE") {
      return (synth(403, "This address is for purging"));
    }
    if (req.http.xkey-purge || req.http.xkey-softpurge) {
      # tercet-xkey.vcl is not here, or it would have answered; the manager bans instead.
      return (synth(501, "Without xkey"));
    }
    # The built-in rules do this for every other request before it is hashed.
    set req.http.host = req.http.host.lower();
    # Several addresses in one request: the first as ever, the others one after the other, each after a restart.
    if (req.http.X-Tercet-More && req.restarts == 0) {
      set req.http.X-Tercet-Several = "yes";
    } else if (req.http.X-Tercet-More) {
      set req.url = regsub(req.http.X-Tercet-More, " .*", "");
      if (req.http.X-Tercet-More ~ " ") {
        set req.http.X-Tercet-More = regsub(req.http.X-Tercet-More, "^[^ ]* ", "");
      } else {
        unset req.http.X-Tercet-More;
      }
    }
    if ((req.http.X-Tercet-At-Once || req.http.X-Tercet-Settle) && !req.http.X-Tercet-Now) {
      # Looks the page up as a visitor would, in any variant: while it is being fetched, the lookup waits.
      set req.hash_ignore_vary = true;
      # A plain purge before a restart has set it.
      set req.hash_always_miss = false;
      return (hash);
    }
    # Removes the object with all its variants, grace and keep included.
    return (purge);
  }
}

# On to the next address of the request, or to its end. The answers for one and for several differ: an older tercet.vcl,
# which purges but the first, answers 200. Those to a purge at once say whether more is to be done: an older one knows
# no such thing, and purges plainly.
sub tercet_next {
  if (req.http.X-Tercet-More) {
    return (restart);
  }
  if (req.http.X-Tercet-At-Once && req.http.X-Tercet-Several) {
    if (req.http.X-Tercet-Unsettled) {
      return (synth(218, "Purged"));
    }
    return (synth(217, "Purged and settled"));
  }
  if (req.http.X-Tercet-At-Once) {
    if (req.http.X-Tercet-Unsettled) {
      return (synth(211, "Purged"));
    }
    return (synth(210, "Purged and settled"));
  }
  if (req.http.X-Tercet-Several) {
    return (synth(207, "Purged"));
  }
  return (synth(200, "Purged"));
}

# The lookup found something, which is purged.
sub tercet_found {
  # At once: another variant may be on its way. The manager comes back for it.
  if (req.http.X-Tercet-At-Once) {
    set req.http.X-Tercet-Unsettled = "yes";
    call tercet_next;
  }
  # Settling: what came in meanwhile was fetched before the purge, or while it was made, and there may be more of that.
  # For several not enough restarts are left.
  if (!req.http.X-Tercet-Several && req.restarts < 3) {
    return (restart);
  }
  return (synth(409, "Once more, alone"));
}

sub vcl_purge {
  if (local.socket == "tercet") {
    if (req.http.X-Tercet-Now) {
      unset req.http.X-Tercet-Now;
      return (restart);
    }
    call tercet_next;
  }
}

sub vcl_hit {
  if (local.socket == "tercet") {
    tercet_purge.hard();
    call tercet_found;
  }
}

sub vcl_miss {
  if (local.socket == "tercet") {
    # A page may be kept beyond its grace, to be asked for whether it has changed.
    tercet_purge.hard();
    # Said to be uncacheable, it is fetched by several at the same time, and the lookup waits for none of them.
    if (req.is_hitmiss) {
      call tercet_found;
    }
    call tercet_next;
  }
}

sub vcl_pass {
  if (local.socket == "tercet") {
    # The lookup ended at a note that the page is to be passed, and saw nothing else. Only a plain purge removes that.
    if (!req.http.X-Tercet-At-Once && !req.http.X-Tercet-Several && req.restarts < 2) {
      set req.http.X-Tercet-Now = "yes";
      return (restart);
    }
    return (synth(409, "Otherwise"));
  }
}

sub vcl_synth {
  if (resp.status == 405) {
    set resp.http.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  }
  if (local.socket == "tercet") {
    # Nobody reads a page here.
    set resp.http.Content-Length = "0";
    return (deliver);
  }
}

# Kept on the object, a ban can be tested by the lurker thread, which sees objects and no requests; bans on
# `req.*` would wait for a request to every object and pile up.
sub vcl_backend_response {
  if (bereq.url ~ "^.{8192}.") {
    # No purge can name an address as long as this, so its page is not kept. And on a text of such a length the
    # regular expression of a ban may take more steps than Varnish survives.
    set beresp.uncacheable = true;
    unset beresp.http.x-url;
  } else {
    set beresp.http.x-url = bereq.url;
  }
  set beresp.http.x-host = bereq.http.host;
}

sub vcl_deliver {
  unset resp.http.x-url;
  unset resp.http.x-host;
  # Tags are for caches.
  unset resp.http.xkey;
  unset resp.http.X-Ids-Involved;
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  } else {
    set resp.http.X-Cache = "MISS";
  }
  # The name given to varnishd with -i.
  set resp.http.X-Cache-Zone = server.identity;
}
