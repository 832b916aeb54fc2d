/** A trace of jobs from a file. Owns that its urgencies are those of the catalog. */
import { readFile } from 'node:fs/promises';

import { DEFAULT_URGENCIES } from '../lib/catalog/defaults';
import type { Catalog } from '../lib/catalog/schema';
import { invalidInput, RouterError } from '../lib/errors';
import { parseTraceCsv, type TraceJob } from '../simulator/replay';
import type { Io } from './io';

/** @throws RouterError FILE_*, TRACE_INVALID */
export async function readTrace(path: string, catalog: Catalog, io: Io): Promise<TraceJob[]> {
	const trace = parseTraceCsv(await readText(path, io));
	checkUrgencies(trace, catalog);
	return trace;
}

async function readText(path: string, io: Io): Promise<string> {
	if (path === '-') return await io.readStdin();
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
		throw new RouterError({
			code: missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
			message: missing ? `There is no file ${path}.` : `${path} cannot be read.`,
			hint: 'Check the path; relative ones start at the current folder.',
		});
	}
}

/** An urgency that nobody knows has no target and no policy. */
export function checkUrgencies(trace: readonly TraceJob[], catalog: Catalog): void {
	const known = [...Object.keys(DEFAULT_URGENCIES), ...Object.keys(catalog.urgency)];
	const unknown = new Set(trace.map((job) => job.urgency).filter((name) => !known.includes(name)));
	if (unknown.size === 0) return;
	throw invalidInput(
		'TRACE_INVALID',
		'The trace',
		[...unknown].map((name) => ({
			path: 'urgency',
			message: `the catalog knows no urgency "${name}"`,
			hint: `Known: ${[...new Set(known)].join(', ')}.`,
		})),
	);
}
