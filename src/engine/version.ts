// Which version this is, for clients and for the log.
// By name and without an import attribute: so the bundle has this one field, and not the whole file.
export { version as VERSION } from '../../package.json'
