/** The `comfyui-router` command as a function: finds the command, reads its options, runs it, reports its errors. */
import { type Command, parseOptions } from './command';
import { COMMANDS } from './commands';
import { closest } from './did-you-mean';
import { EXIT, type Io } from './io';
import { reportError } from './report-error';
import { UsageError } from './usage-error';

/** @returns the exit code; never rejects */
export async function run(argv: readonly string[], version: string, io: Io): Promise<number> {
	const asJson = argv.includes('--json');
	try {
		const [name, ...args] = argv;
		if (name === undefined) {
			io.err(overview());
			return EXIT.badInput;
		}
		if (['--version', '-v', 'version'].includes(name)) {
			io.out(`${version}\n`);
			return EXIT.done;
		}
		if (['--help', '-h', 'help'].includes(name)) {
			io.out(args[0] === undefined ? overview() : find(args[0]).help);
			return EXIT.done;
		}
		const command = find(name);
		// help wins over whatever else is wrong with the line
		if (args.includes('--help') || args.includes('-h')) {
			io.out(command.help);
			return EXIT.done;
		}
		return await command.run(parseOptions(command, args), io);
	} catch (error) {
		return reportError(error, io, asJson);
	}
}

function find(name: string): Command {
	const command = COMMANDS.find((candidate) => candidate.name === name);
	if (command) return command;
	const suggestion = closest(
		name,
		COMMANDS.map((candidate) => candidate.name),
	);
	const what = name.startsWith('-') ? 'an option' : 'a command';
	throw new UsageError(
		`"${name}" is not ${what}.${suggestion ? ` Did you mean ${suggestion}?` : ''}`,
	);
}

function overview(): string {
	const width = Math.max(...COMMANDS.map((command) => command.name.length));
	const lines = COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
	return `Usage: comfyui-router <command> [options]

Picks the best ComfyUI model, preset and server for every image job, watches VRAM, logs usage.

${lines.join('\n')}

comfyui-router <command> --help explains a command with examples.
Exit codes: 0 done, 1 failed (network, database), 2 a request cannot be served, 64 bad input.
`;
}
