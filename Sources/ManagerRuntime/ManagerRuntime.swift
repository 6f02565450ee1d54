// ManagerRuntime
