// Scopes of further servers. Import it before whatever reads the list.
import { SCOPES } from '#config'

Object.assign(SCOPES, { 'billing:read': 'See your invoices', 'reports:read': 'Read your reports' })
