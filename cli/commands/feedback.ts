/** `feedback`: the quality of every model and preset as people's opinions have it, with intervals. */
import { PostgresFeedbackStore } from '../../adapters/postgres/feedback-store';
import { parseCatalog } from '../../lib/catalog/parse';
import type { FeedbackEntry } from '../../lib/selection/types';
import { learnFeedback } from '../../service/learn-feedback';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { readJson } from '../read-json';
import { formatTable } from '../table';
import { required } from '../values';

const NAME = 'feedback';

const HELP = `Usage: comfyui-router feedback --catalog F --database-url U

What people's opinions (Log Usage > Record Feedback) say about the quality of models, by preset and
purpose: opinions, how many people had them, the catalog's figure, the learned one, its 90 %
interval. The nodes use the learned quality as soon as they have a Postgres credential.

  --catalog F          models_config.json
${DATABASE_HELP}
  --json               the entries as JSON, as the library's option "feedback" takes them

Exit code: 0 done, 1 failed, 64 bad input.

Example:
  comfyui-router feedback --catalog models_config.json --database-url postgresql://n8n@db/n8n
`;

export const feedback: Command = {
	name: NAME,
	summary: "the quality of models as people's opinions have it",
	help: HELP,
	options: { ...DATABASE_OPTIONS, catalog: { type: 'string' } },
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const file = required(values, 'catalog', 'the models_config.json to compare with', NAME);
	const catalog = parseCatalog(await readJson(file, io, 'CATALOG_INVALID'));
	const store = storeOf(values, io, NAME);
	try {
		const port = new PostgresFeedbackStore(store.pool, {
			clock: io.clock,
			prepare: () => store.migrate(),
		});
		const { entries, leftOut, opinions } = await learnFeedback(port, catalog);
		const read = `Read ${opinions} opinions; ${leftOut} of models, presets or purposes that the catalog does not have.\n`;
		if (values['json'] === true) io.out(`${JSON.stringify(entries, null, 2)}\n`);
		else io.out(entries.length === 0 ? read : `${tableOf(entries)}\n\n${read}`);
		return EXIT.done;
	} finally {
		await store.close();
	}
}

function tableOf(entries: readonly FeedbackEntry[]): string {
	const two = (quality: number): string => quality.toFixed(2);
	const head = ['Model', 'Preset', 'Purpose', 'n', 'People', 'Catalog', 'Learned', '90 % interval'];
	return formatTable(
		head,
		entries.map((entry) => [
			entry.model_name,
			entry.preset,
			entry.purpose,
			String(entry.samples),
			String(entry.raters),
			two(entry.prior),
			two(entry.quality),
			`${two(entry.quality_low)} to ${two(entry.quality_high)}`,
		]),
	);
}
