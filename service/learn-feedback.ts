/** What people's opinions say about the models of a catalog. Owns how far back is looked and how many are read. */
import type { Catalog } from '../lib/catalog/schema';
import { learnQuality, type LearnedQuality } from '../lib/feedback/learn';
import type { FeedbackPort } from '../lib/ports';

/** By then an opinion weighs a sixteenth. */
const SINCE_DAYS = 365;
/** The newest. */
const MOST_OPINIONS = 20_000;

export async function learnFeedback(
	port: Pick<FeedbackPort, 'history'>,
	catalog: Catalog,
): Promise<LearnedQuality & { opinions: number }> {
	const rows = await port.history({ sinceDays: SINCE_DAYS, limit: MOST_OPINIONS });
	return { ...learnQuality(catalog, rows), opinions: rows.length };
}
