/** `report`: the pictures of the dashboards as one page that needs nothing else, for those without Grafana. */
import { writeFile } from 'node:fs/promises';

import { readReportData } from '../../adapters/postgres/report-data';
import { RouterError } from '../../lib/errors';
import { isCurrency, MAX_REPORT_DAYS, reportPeriod } from '../../lib/usage-report';
import { renderReport } from '../../report/render-report';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { UsageError } from '../usage-error';
import { number, required, text } from '../values';

const NAME = 'report';
const DEFAULT_DAYS = 7;

const HELP = `Usage: comfyui-router report --database-url U --out F.html [--days N]

Writes one HTML page about cost, times, deadlines, quality, VRAM, queues, quotas and feedback: the last
N whole days (UTC) and today so far. The page holds all it needs, asks no server for anything and runs no script:
it can be mailed. The role needs SELECT on the tables, and nothing is changed.

${DATABASE_HELP}
  --out F|-            the file to write; - is standard output
  --days N             whole days before today (default ${DEFAULT_DAYS})
  --currency C         what the catalog's prices are in (default USD)
  --title T            (default "ComfyUI usage")
  --json               one line for machines: the file, and the period

Exit code: 0 done, 1 failed, 64 bad input.

Examples:
  comfyui-router report --database-url postgresql://reader:secret@db:5432/studio --out report.html
  DATABASE_URL=postgresql://reader:secret@db/studio comfyui-router report --days 30 --out -
`;

export const report: Command = {
	name: NAME,
	summary: 'write one HTML page about cost, times, deadlines and VRAM, without Grafana',
	help: HELP,
	options: {
		...DATABASE_OPTIONS,
		out: { type: 'string' },
		days: { type: 'string' },
		currency: { type: 'string' },
		title: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const out = required(values, 'out', 'the file to write, such as report.html', NAME);
	const days = number(values, 'days', NAME, { min: 1, max: MAX_REPORT_DAYS }) ?? DEFAULT_DAYS;
	if (!Number.isInteger(days)) {
		throw new UsageError(`--days is ${days}, not a whole number of days.`, NAME);
	}
	const currency = text(values, 'currency') ?? 'USD';
	if (!isCurrency(currency)) {
		throw new UsageError(`--currency is "${currency}", not a code such as USD or EUR.`, NAME);
	}
	const period = reportPeriod(io.clock.nowMs(), days);
	const store = storeOf(values, io, NAME);
	try {
		const data = await readReportData(store.pool, period);
		const page = renderReport(data, { currency, title: text(values, 'title') });
		if (out === '-') {
			io.out(page);
			return EXIT.done;
		}
		await save(out, page);
		const [from, to] = [period.fromMs, period.toMs].map((ms) => new Date(ms).toISOString());
		if (values['json'] === true) io.out(`${JSON.stringify({ file: out, from, to })}\n`);
		else io.out(`Wrote ${out}: ${data.totals.images} images from ${from} to ${to}.\n`);
		return EXIT.done;
	} finally {
		await store.close();
	}
}

async function save(path: string, page: string): Promise<void> {
	try {
		await writeFile(path, page);
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
		throw new RouterError({
			code: 'FILE_UNWRITABLE',
			message: `${path} cannot be written (${code}).`,
			hint: 'Check the folder of --out: its rights, and the space on its disk.',
		});
	}
}
