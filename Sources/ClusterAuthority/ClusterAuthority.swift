// ClusterAuthority
