# Purges by tags, hard and soft, with vmod xkey (Debian's varnish-modules). Include it before tercet.vcl.
#
# A response is tagged by `xkey: one two`, or by `X-Ids-Involved: #one##two#` as collective.purgebyid writes it.
# Without this file the manager bans what is tagged so, which takes longer and knows no soft purge.

import std;
import xkey;

sub vcl_recv {
  if (local.socket == "tercet" && req.method == "PURGE") {
    if (req.http.xkey-purge) {
      set req.http.X-Purged = xkey.purge(req.http.xkey-purge);
      return (synth(200, "Purged " + req.http.X-Purged));
    }
    if (req.http.xkey-softpurge) {
      # The pages stay for their grace: each is served once more while it is fetched anew.
      set req.http.X-Purged = xkey.softpurge(req.http.xkey-softpurge);
      return (synth(200, "Purged " + req.http.X-Purged));
    }
  }
}

sub vcl_backend_response {
  if (beresp.http.xkey) {
    std.collect(beresp.http.xkey, " ");
  }
  # A page of which the backend says that it is unchanged has its tags already.
  if (beresp.http.X-Ids-Involved && !(beresp.was_304 && beresp.http.xkey)) {
    std.collect(beresp.http.X-Ids-Involved, "");
    set beresp.http.xkey = beresp.http.xkey + " " + regsuball(beresp.http.X-Ids-Involved, "#+", " ");
  }
}
