// LoadBalancer
