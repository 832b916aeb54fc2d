/** What a Postgres credential brings to decisions beside the log: quotas, and quality learned from opinions. */
import { PostgresFeedbackStore } from '../../adapters/postgres/feedback-store';
import { PostgresQuotaStore } from '../../adapters/postgres/quota-store';
import type { PostgresStore } from '../../adapters/postgres/store';
import { systemClock } from '../../adapters/system-clock';
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import type { FeedbackPort, QuotaPort } from '../../lib/ports';
import type { FeedbackEntry } from '../../lib/selection/types';
import { learnFeedback } from '../../service/learn-feedback';

/** New opinions are heard after this long. */
const FEEDBACK_FOR_MS = 60_000;

export interface Knowledge {
	quota: QuotaPort;
	opinions: FeedbackPort;
	/** Never rejects: what cannot be read is not used. */
	feedback(catalog: Catalog): Promise<FeedbackEntry[]>;
}

const known = new WeakMap<PostgresStore, Knowledge>();

/** Shared by all executions, as the store is. */
export function knowledgeOf(store: PostgresStore): Knowledge {
	const before = known.get(store);
	if (before) return before;
	const prepare = () => store.migrate();
	const opinions = new PostgresFeedbackStore(store.pool, { prepare });
	const knowledge = {
		quota: new PostgresQuotaStore(store.pool, { prepare }),
		opinions,
		feedback: cachedFeedback(opinions),
	};
	known.set(store, knowledge);
	return knowledge;
}

function cachedFeedback(opinions: FeedbackPort): Knowledge['feedback'] {
	let read: { rows: ReturnType<FeedbackPort['history']>; atMs: number } | null = null;
	const history: FeedbackPort['history'] = (query) => {
		const now = systemClock.nowMs();
		if (read === null || now - read.atMs > FEEDBACK_FOR_MS) {
			read = { rows: opinions.history(query), atMs: now };
		}
		return read.rows;
	};
	return async (catalog) => {
		return await learnFeedback({ history }, catalog).then(
			({ entries }) => entries,
			(error: unknown) => (error instanceof RouterError ? [] : Promise.reject(error)),
		);
	};
}
