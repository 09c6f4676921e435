// A plugin of miniflare. It gives the Worker under test the folders in which workerd keeps what its bindings store: each is a
// service that answers GET with a list, and DELETE by removing a file.

/** The names of the bindings, and workerd's own names of the folders. */
export const STORAGE_FOLDERS = {
  OBJECTS_FOLDER: 'do:storage',
  RECORDS_FOLDER: 'kv:storage',
  LIMITS_FOLDER: 'ratelimit:storage',
} as const

export const plugins = {
  'storage-folders': {
    getBindings: () =>
      Object.entries(STORAGE_FOLDERS).map(([name, folder]) => ({ name, service: { name: folder } })),
    getNodeBindings: () => ({}),
    getServices: () => [],
  },
}
