/** Reads option values: texts, lists, numbers with limits, moments. Owns the messages for values that do not fit. */
import type { OptionValues } from './command';
import { UsageError } from './usage-error';

export function text(values: OptionValues, name: string): string | undefined {
	const value = values[name];
	return typeof value === 'string' ? value : undefined;
}

export function list(values: OptionValues, name: string): string[] {
	const value = values[name];
	return Array.isArray(value) ? value.map(String) : [];
}

export function required(
	values: OptionValues,
	name: string,
	what: string,
	command: string,
): string {
	const value = text(values, name);
	if (value === undefined || value === '') {
		throw new UsageError(`--${name} is missing: ${what}.`, command);
	}
	return value;
}

/** @throws UsageError unless the value is a number from `min` to `max` */
export function number(
	values: OptionValues,
	name: string,
	command: string,
	{ min, max }: { min: number; max: number },
): number | undefined {
	const value = text(values, name);
	if (value === undefined) return undefined;
	const parsed = value.trim() === '' ? NaN : Number(value);
	if (!(parsed >= min && parsed <= max)) {
		throw new UsageError(`--${name} is "${value}", not a number from ${min} to ${max}.`, command);
	}
	return parsed;
}

/** @returns ms since the epoch */
export function moment(values: OptionValues, name: string, command: string): number | undefined {
	const value = text(values, name);
	if (value === undefined) return undefined;
	const parsed = Date.parse(value);
	if (Number.isNaN(parsed)) {
		throw new UsageError(
			`--${name} is "${value}", not a time such as 2026-01-31T12:00:00Z.`,
			command,
		);
	}
	return parsed;
}
