// The project inside the package. npm drops some names when it packs, so these have an underscore there.

const DROPPED: readonly string[] = ['.gitignore', '.npmrc', 'package-lock.json']

/** @param file a path with `/` */
export function packedName(file: string): string {
  const [name = '', ...folders] = file.split('/').reverse()
  return [...folders.reverse(), DROPPED.includes(name) ? `_${name}` : name].join('/')
}

/** The inverse of packedName() for a file name without folders. */
export function unpackedName(name: string): string {
  const original = name.slice(1)
  return name.startsWith('_') && DROPPED.includes(original) ? original : name
}
