// ManagerAPI
