// VarnishCache
