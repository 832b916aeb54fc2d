/** The reservation book that a node uses: the one of its Postgres credential, shared by all processes, or this process's own. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { createPool } from '../../adapters/postgres/pool';
import { PostgresReservations } from '../../adapters/postgres/reservations';
import { systemClock } from '../../adapters/system-clock';
import { reservationsOfProcess } from '../../service/memory-reservations';
import { ReservationsOrAlone } from '../../service/reservations-or-alone';
import type { PostgresStore } from '../../adapters/postgres/store';
import type { ReservationPort } from '../../lib/ports';
import { postgresTarget } from './postgres-target';
import { usageStore } from './usage-store';

export const POSTGRES_CREDENTIAL = 'comfyUiRouterPostgresApi';

/** A decision cannot wait for a database as a log can. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Longer than the wait for the lock. */
const STATEMENT_TIMEOUT_MS = 15_000;

/** By the store of the same credential, which knows its tables are there. */
const books = new WeakMap<PostgresStore, ReservationsOrAlone>();

export interface NodeReservations {
	port: ReservationPort;
	/** What a person should know of how far it reaches, or null. Asked after it was used. */
	notice(): string | null;
}

/** @throws RouterError OPTIONS_INVALID for a faulty credential */
export async function reservationsFor(
	context: Pick<IExecuteFunctions, 'getNode' | 'getCredentials'>,
): Promise<NodeReservations> {
	if (context.getNode().credentials?.[POSTGRES_CREDENTIAL] === undefined) {
		const port = reservationsOfProcess(systemClock);
		return { port, notice: () => (isQueueMode() ? ALONE_IN_QUEUE_MODE : null) };
	}
	const credential = await context.getCredentials(POSTGRES_CREDENTIAL);
	const store = usageStore(credential);
	const known = books.get(store);
	// a pool of its own: decisions do not wait for the log
	const port =
		known ??
		new ReservationsOrAlone(
			new PostgresReservations({
				pool: createPool({
					connection: { ...postgresTarget(credential), connectTimeoutMs: CONNECT_TIMEOUT_MS },
					statementTimeoutMs: STATEMENT_TIMEOUT_MS,
				}),
				prepare: () => store.migrate(),
			}),
			systemClock,
		);
	books.set(store, port);
	return { port, notice: () => (port.lost ? lostNotice(port.lost.message) : null) };
}

const ALONE_IN_QUEUE_MODE =
	'n8n runs in queue mode, and this node has no Postgres credential: it sees what its own worker has reserved, not what the others have. Add the credential so that workers do not book a server twice.';

function lostNotice(message: string): string {
	return `Decided without the reservations of other processes: ${message}`;
}

function isQueueMode(): boolean {
	return process.env.EXECUTIONS_MODE === 'queue';
}
