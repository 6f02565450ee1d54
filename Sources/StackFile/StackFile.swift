// StackFile
