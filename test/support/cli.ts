/** Runs the command line in this process: arguments in, exit code and output back. */
import { run } from '../../cli/run';
import { systemClock } from '../../adapters/system-clock';
import type { Io } from '../../cli/io';

export interface CliResult {
	code: number;
	out: string;
	err: string;
}

export interface CliOptions {
	stdin?: string;
	env?: Record<string, string>;
	signal?: AbortSignal;
	clock?: Io['clock'];
	/** Called with each piece of standard output. */
	onOut?: (text: string) => void;
	/** Called with each piece of standard error. */
	onErr?: (text: string) => void;
}

export async function cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
	const result: CliResult = { code: -1, out: '', err: '' };
	result.code = await run(args, '1.2.3', {
		readStdin: () => Promise.resolve(options.stdin ?? ''),
		out: (text) => {
			result.out += text;
			options.onOut?.(text);
		},
		err: (text) => {
			result.err += text;
			options.onErr?.(text);
		},
		env: options.env ?? {},
		clock: options.clock ?? systemClock,
		signal: options.signal ?? new AbortController().signal,
	});
	return result;
}
