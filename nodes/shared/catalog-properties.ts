/** Where a node takes its catalog from, as fields. */
import type { INodeProperties } from 'n8n-workflow';

const postgresOption = {
	name: 'Postgres',
	value: 'postgres',
	description: 'A row of the table model_catalog, shared by all your n8n instances',
};

export const catalogProperties: INodeProperties[] = [
	{
		displayName: 'Catalog',
		name: 'catalogSource',
		type: 'options',
		default: 'managed',
		description: 'The list of models, presets and servers to choose from. Read once per run.',
		options: [
			{
				name: 'File',
				value: 'file',
				description: 'A catalog file at a path that n8n can read',
			},
			{
				name: 'JSON',
				value: 'json',
				description: 'The catalog itself, for example from another node',
			},
			{
				name: 'Managed Copy',
				value: 'managed',
				description:
					"A copy in n8n's user folder, made from the shipped catalog at first use; yours to edit",
			},
		],
	},
	{
		displayName: 'Catalog File',
		name: 'catalogPath',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. /data/models_config.json',
		description: 'Path on the machine that runs n8n (on each of them in queue mode)',
		displayOptions: { show: { catalogSource: ['file'] } },
	},
	{
		displayName: 'Catalog JSON',
		name: 'catalogJson',
		type: 'json',
		default: '{}',
		required: true,
		description: 'The content of a catalog file',
		displayOptions: { show: { catalogSource: ['json'] } },
	},
];

/** For nodes whose Postgres credential is there for the catalog. */
export const catalogPropertiesWithPostgres: INodeProperties[] = [
	...catalogProperties.map((property) =>
		property.name === 'catalogSource'
			? { ...property, options: [...(property.options ?? []), postgresOption] }
			: property,
	),
	{
		displayName: 'Catalog Name',
		name: 'catalogName',
		type: 'string',
		default: 'default',
		required: true,
		description: 'Name of the row in the table model_catalog',
		displayOptions: { show: { catalogSource: ['postgres'] } },
	},
];
