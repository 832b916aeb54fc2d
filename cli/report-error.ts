/** Errors as a person reads them, and the exit code each stands for. */
import { helpLink } from '../adapters/files/help-link';
import { type ErrorCode, type Problem, RouterError } from '../lib/errors';
import { EXIT, type Io } from './io';
import { UsageError } from './usage-error';

const BAD_INPUT = /_INVALID$|^FILE_NOT_FOUND$|^FILE_UNREADABLE$|^WORKFLOW_/;

/** Problems listed one by one; more are counted. `--json` lists all. */
const MOST_PROBLEMS = 50;

export function exitCodeOf(code: ErrorCode): number {
	return BAD_INPUT.test(code) ? EXIT.badInput : EXIT.failed;
}

/** Prints to standard error. @returns the exit code */
export function reportError(error: unknown, io: Io, asJson: boolean): number {
	if (error instanceof UsageError) {
		const help = `comfyui-router ${error.command ? `${error.command} ` : ''}--help`;
		io.err(
			asJson
				? json({
						code: 'OPTIONS_INVALID',
						message: error.message,
						hint: `See ${help}`,
						problems: [],
					})
				: `${error.message}\nSee ${help}\n`,
		);
		return EXIT.badInput;
	}
	if (error instanceof RouterError) {
		const { code, message, hint, problems } = error;
		io.err(asJson ? json({ code, message, hint, problems }) : readable(error));
		return exitCodeOf(code);
	}
	const message = error instanceof Error ? error.message : String(error);
	io.err(
		asJson
			? json({ code: 'INTERNAL', message, hint: '', problems: [] })
			: `INTERNAL: ${message}\n${more('INTERNAL')}`,
	);
	return EXIT.failed;
}

interface ErrorData {
	code: ErrorCode;
	message: string;
	hint: string;
	problems: Problem[];
}

function json(error: ErrorData): string {
	return `${JSON.stringify({ error: { ...error, help: helpLink(error.code) } })}\n`;
}

function more(code: ErrorCode): string {
	return `  More: ${helpLink(code)}\n`;
}

function readable(error: RouterError): string {
	const { code, message, hint, problems } = error;
	if (problems.length === 0) return `${code}: ${message}\n  ${hint}\n${more(code)}`;
	const shown = problems
		.slice(0, MOST_PROBLEMS)
		.map((problem) => `  ${problem.path || '(root)'}: ${problem.message}\n    ${problem.hint}`);
	const hidden = problems.length - shown.length;
	const first = message.split(':')[0] ?? message;
	return `${code}: ${first}:\n${shown.join('\n')}\n${hidden > 0 ? `  and ${hidden} more (--json lists all)\n` : ''}${more(code)}`;
}
