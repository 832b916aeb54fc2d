/** Errors as a person reads them, and the exit code each stands for. */
import { type ErrorCode, RouterError } from '../lib/errors';
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
		asJson ? json({ code: 'INTERNAL', message, hint: '', problems: [] }) : `INTERNAL: ${message}\n`,
	);
	return EXIT.failed;
}

function json(error: object): string {
	return `${JSON.stringify({ error })}\n`;
}

function readable(error: RouterError): string {
	const { code, message, hint, problems } = error;
	if (problems.length === 0) return `${code}: ${message}\n  ${hint}\n`;
	const shown = problems
		.slice(0, MOST_PROBLEMS)
		.map((problem) => `  ${problem.path || '(root)'}: ${problem.message}\n    ${problem.hint}`);
	const more = problems.length - shown.length;
	const first = message.split(':')[0] ?? message;
	return `${code}: ${first}:\n${shown.join('\n')}\n${more > 0 ? `  and ${more} more (--json lists all)\n` : ''}`;
}
