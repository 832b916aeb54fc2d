/** The Postgres database of the usage and VRAM logs. Fields only; the Test button is a method of the nodes. */
import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

export class ComfyUiRouterPostgresApi implements ICredentialType {
	name = 'comfyUiRouterPostgresApi';

	displayName = 'ComfyUI Router Postgres API';

	icon: Icon = { light: 'file:routerPostgres.svg', dark: 'file:routerPostgres.dark.svg' };

	documentationUrl =
		'https://github.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router#postgres-credential';

	properties: INodeProperties[] = [
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			default: 'localhost',
			required: true,
		},
		{
			displayName: 'Port',
			name: 'port',
			type: 'number',
			default: 5432,
		},
		{
			displayName: 'Database',
			name: 'database',
			type: 'string',
			default: 'postgres',
			required: true,
			hint: 'The tables are made in it at first use, beside what is there already.',
		},
		{
			displayName: 'User',
			name: 'user',
			type: 'string',
			default: 'postgres',
			required: true,
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
		},
		{
			displayName: 'Schema',
			name: 'schema',
			type: 'string',
			default: 'public',
			description: 'Where the tables are, or are made at first use',
		},
		{
			displayName: 'SSL',
			name: 'ssl',
			type: 'options',
			default: 'prefer',
			options: [
				{ name: 'Allow', value: 'allow', description: 'Plain, encrypted if the server insists' },
				{ name: 'Disable', value: 'disable', description: 'No encryption' },
				{
					name: 'Prefer',
					value: 'prefer',
					description: 'Encrypted if the server can, else plain',
				},
				{
					name: 'Require',
					value: 'require',
					description: 'Encrypted; the certificate is checked only if a CA certificate is given',
				},
				{
					name: 'Verify CA',
					value: 'verify-ca',
					description: 'Encrypted; the certificate must be signed by a known authority',
				},
				{
					name: 'Verify Full',
					value: 'verify-full',
					description: 'As Verify CA, and the certificate must name the host',
				},
			],
		},
		{
			displayName: 'CA Certificate',
			name: 'ca',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description: 'PEM text of your own authority; leave empty to use the well-known ones',
			displayOptions: { show: { ssl: ['require', 'verify-ca', 'verify-full'] } },
		},
	];
}
