// For azd, which keeps the values of an environment in variables. With az alone: environments/*.bicepparam.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param nameSuffix = readEnvironmentVariable('LAKEWARDEN_NAME_SUFFIX', '-dev')
param image = readEnvironmentVariable('SERVICE_AGENT_IMAGE_NAME', '')
param filesHost = readEnvironmentVariable('LAKEWARDEN_FILES_HOST', '\\\\files\\retail')
