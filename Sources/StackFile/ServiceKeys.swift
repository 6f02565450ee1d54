/// The keys of a service and of its parts.
enum ServiceKeys {
  static let service = Keys(
    known: [
      "image", "command", "entrypoint", "environment", "env_file", "user", "working_dir", "hostname",
      "labels",
      "volumes", "networks", "ports", "healthcheck", "stop_grace_period", "stop_signal", "init", "read_only",
      "tmpfs",
      "cap_add", "cap_drop", "sysctls", "ulimits", "extra_hosts", "dns", "logging", "shm_size",
      "security_opt",
      "restart", "depends_on", "deploy",
    ],
    ignored: [
      "attach": "it is a matter of `docker compose up`",
      "build": "Docker's stacks ignore it too: build and push the image first",
      "cgroup_parent": "Docker's stacks ignore it too",
      "cgroupns_mode": "Docker's stacks ignore it too",
      "container_name": "a container's name is made of stack, service, slot and task",
      "devices": "Docker's stacks ignore it too",
      "domainname": "Docker's stacks ignore it too",
      "expose": "containers of one network reach each other on every port",
      "external_links": "Docker's stacks ignore it too: join a common network instead",
      "ipc": "Docker's stacks ignore it too",
      "links": "services of one network reach each other by name",
      "mac_address": "Docker's stacks ignore it too",
      "network_mode": "Docker's stacks ignore it too",
      "pid": "Docker's stacks ignore it too",
      "privileged": "Docker's stacks ignore it too: add what is needed with `cap_add`",
      "pull_policy": "an image is pulled when the node has none of its name",
      "stdin_open": "nobody is at the other end of a service's input",
      "tty": "a service's output goes to the log",
      "userns_mode": "Docker's stacks ignore it too",
    ],
    unsupported: [
      "secrets": "this version has no secrets; hand them over as environment variables or mounted files",
      "configs": "this version has no configs; put the file into the image or mount it from the nodes",
      "credential_spec": "it is for Windows, and nodes run Linux",
      "isolation": "it is for Windows, and nodes run Linux",
      "dns_search": "write full names",
      "dns_opt": "set the option on the nodes",
      "extends": "write the service out, or merge it with a YAML anchor",
      "volumes_from": "name the volumes in both services",
      "volume_driver": "name the driver under the top-level `volumes`",
      "cpus": "write it as deploy.resources.limits.cpus",
      "cpu_quota": "write it as deploy.resources.limits.cpus",
      "cpu_shares": "write it as deploy.resources.reservations.cpus",
      "cpuset": "limit processors with deploy.resources.limits.cpus",
      "mem_limit": "write it as deploy.resources.limits.memory",
      "memswap_limit": "write it as deploy.resources.limits.memory",
      "mem_reservation": "write it as deploy.resources.reservations.memory",
      "pids_limit": "write it as deploy.resources.limits.pids",
      "scale": "write it as deploy.replicas",
      "profiles": "a stack is deployed whole: move the service to a stack of its own",
    ])

  static let healthcheck = Keys(
    known: ["test", "interval", "timeout", "start_period", "retries", "disable"],
    ignored: ["start_interval": "checks during the start come at `interval`"])

  static let network = Keys(
    known: ["aliases"],
    ignored: [
      "ipv4_address": "Docker's stacks ignore it too", "ipv6_address": "Docker's stacks ignore it too",
      "priority": "Docker's stacks ignore it too", "gw_priority": "Docker's stacks ignore it too",
      "mac_address": "Docker's stacks ignore it too", "link_local_ips": "Docker's stacks ignore it too",
      "driver_opts": "Docker's defaults apply",
    ])

  static let deploy = Keys(
    known: [
      "mode", "replicas", "labels", "update_config", "rollback_config", "restart_policy", "placement",
      "resources",
    ],
    ignored: [
      "endpoint_mode": "published ports go through the zone's load balancer, names resolve to the containers"
    ])

  static let update = Keys(
    known: ["parallelism", "delay", "failure_action", "monitor", "max_failure_ratio", "order"])

  static let restartPolicy = Keys(known: ["condition", "delay", "max_attempts", "window"])

  static let placement = Keys(known: ["constraints", "preferences", "max_replicas_per_node"])

  static let resources = Keys(known: ["limits", "reservations"])

  static let limits = Keys(known: ["cpus", "memory", "pids"])

  static let reservations = Keys(
    known: ["cpus", "memory"],
    unsupported: [
      "generic_resources": "place the service with a label of the node and a constraint",
      "devices": "place the service with a label of the node and a constraint",
    ])
}
