/** Reads JSON Lines: one value per line. Owns the errors: which file, which lines. */
import { readFile } from 'node:fs/promises';

import { type ErrorCode, invalidInput, type Problem, RouterError } from '../lib/errors';
import type { Io } from './io';
import { findJsonFault } from './json-fault';

export interface JsonLine {
	/** From 1, as editors count. */
	line: number;
	value: unknown;
}

/**
 * Blank lines are passed over.
 * @param path a file, or `-` for standard input
 * @throws RouterError FILE_NOT_FOUND, FILE_UNREADABLE or `code` with every line that is not JSON
 */
export async function readJsonLines(path: string, io: Io, code: ErrorCode): Promise<JsonLine[]> {
	const name = path === '-' ? 'standard input' : path;
	const text = path === '-' ? await io.readStdin() : await readText(path);
	const lines: JsonLine[] = [];
	const problems: Problem[] = [];
	text
		.replace(/^\ufeff/, '')
		.split(/\r?\n/)
		.forEach((content, index) => {
			if (content.trim() === '') return;
			const line = index + 1;
			try {
				lines.push({ line, value: JSON.parse(content) as unknown });
			} catch {
				const column = findJsonFault(content)?.column ?? 1;
				problems.push({
					path: `line ${line}`,
					message: `is not JSON from column ${column} on`,
					hint: 'Write one whole request on each line, without commas between the lines.',
				});
			}
		});
	if (problems.length > 0) throw invalidInput(code, name, problems);
	if (lines.length > 0) return lines;
	throw new RouterError({ code, message: `${name} is empty.`, hint: 'Write one request a line.' });
}

async function readText(path: string): Promise<string> {
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
