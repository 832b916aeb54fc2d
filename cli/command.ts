/** What a command is, and how its arguments are read. Owns the messages for mistyped options; runs nothing. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { closest } from './did-you-mean';
import { UsageError } from './usage-error';
import type { Io } from './io';

export type OptionSpecs = Record<
	string,
	{ type: 'string' | 'boolean'; multiple?: boolean; short?: string }
>;
export type OptionValues = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface Command {
	/** As typed. */
	name: string;
	/** One line for the list of commands. */
	summary: string;
	/** The whole help text: usage, options, examples. */
	help: string;
	options: OptionSpecs;
	/** Words of which one may stand before the options; it is the value of ''. */
	words?: readonly string[];
	/** Instead: any one word, and what it is. */
	anyWord?: string;
	/** @returns the exit code */
	run(values: OptionValues, io: Io): Promise<number>;
}

const COMMON: OptionSpecs = {
	help: { type: 'boolean', short: 'h' },
	json: { type: 'boolean' },
};

/** @throws UsageError for unknown options, missing values and stray words */
export function parseOptions(command: Command, args: string[]): OptionValues {
	const options = { ...COMMON, ...command.options };
	const config: ParseArgsConfig = {
		args,
		options,
		strict: false,
		allowPositionals: true,
		tokens: true,
	};
	const { values, tokens = [] } = parseArgs(config);
	for (const token of tokens) {
		if (token.kind === 'positional') {
			const isFit = command.anyWord !== undefined || command.words?.includes(token.value);
			if (values[''] !== undefined || !isFit) {
				throw strayWord(command, token.value);
			}
			values[''] = token.value;
		}
		if (token.kind !== 'option') continue;
		const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
		if (!spec) throw unknownOption(command, token.rawName, Object.keys(options));
		if (spec.type === 'string' && (token.value === undefined || looksLikeOption(token))) {
			throw new UsageError(`${token.rawName} needs a value.`, command.name);
		}
		if (spec.type === 'boolean' && token.value !== undefined) {
			throw new UsageError(`${token.rawName} takes no value.`, command.name);
		}
	}
	return values as OptionValues;
}

/** "--fleet --request x": the value was forgotten. A lone "-" is standard input; "--fleet=--x" is meant. */
function looksLikeOption(token: { value?: string; inlineValue?: boolean }): boolean {
	return token.inlineValue !== true && token.value !== undefined && /^--\w/.test(token.value);
}

function unknownOption(command: Command, typed: string, known: string[]): UsageError {
	const suggestion = closest(typed.replace(/^-+/, ''), known);
	return new UsageError(
		`${typed} is not an option of ${command.name}.${suggestion ? ` Did you mean --${suggestion}?` : ''}`,
		command.name,
	);
}

function strayWord(command: Command, word: string): UsageError {
	const wanted = command.anyWord ?? (command.words && `one of ${command.words.join(', ')}`);
	if (wanted !== undefined) {
		return new UsageError(
			`"${word}" is out of place: ${command.name} takes ${wanted}, and options.`,
			command.name,
		);
	}
	return new UsageError(
		`"${word}" is out of place: ${command.name} takes options only, such as --${Object.keys(command.options)[0]}.`,
		command.name,
	);
}
