claude mcp add memoryoss --scope user -- memoryoss-mcp
