/** What a database knows that decisions need: quotas, and quality learned from opinions. */
import { PostgresFeedbackStore } from '../adapters/postgres/feedback-store';
import { PostgresQuotaStore } from '../adapters/postgres/quota-store';
import type { PostgresStore } from '../adapters/postgres/store';
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { QuotaPort } from '../lib/ports';
import type { FeedbackEntry } from '../lib/selection/types';
import { learnFeedback } from '../service/learn-feedback';
import type { OptionValues } from './command';
import { storeOf } from './database';
import type { Io } from './io';
import { text } from './values';

/** null where no database is given. */
export function optionalStore(values: OptionValues, io: Io, command: string): PostgresStore | null {
	const isGiven = text(values, 'database-url') !== undefined || !!io.env['DATABASE_URL'];
	return isGiven ? storeOf(values, io, command) : null;
}

export interface Knowledge {
	quota: QuotaPort;
	feedback: FeedbackEntry[];
}

/** As `knowledgeOf`; a database that is away stops nobody, and is said. */
export async function knowledgeOrNone(
	store: PostgresStore | null,
	catalog: Catalog,
	io: Io,
): Promise<Knowledge | null> {
	try {
		return await knowledgeOf(store, catalog, io);
	} catch (error) {
		if (!(error instanceof RouterError)) throw error;
		io.err(`${error.code}: ${error.message} Quotas and feedback are not used.\n`);
		return null;
	}
}

export async function knowledgeOf(
	store: PostgresStore | null,
	catalog: Catalog,
	io: Io,
): Promise<Knowledge | null> {
	if (store === null) return null;
	await store.migrate();
	const { clock } = io;
	const quota = new PostgresQuotaStore(store.pool, { clock });
	const opinions = new PostgresFeedbackStore(store.pool, { clock });
	const { entries } = await learnFeedback(opinions, catalog);
	return { quota, feedback: entries };
}
