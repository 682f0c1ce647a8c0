/** The folder that a file lies in, with the separators of either kind of system. */
export function folderOf(file: string): string {
  const at = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"));
  return at > 0 ? file.slice(0, at) : file;
}
