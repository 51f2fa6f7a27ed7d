// Small, and may be deleted any day.
using '../main.bicep'

param environmentName = 'dev'
param location = 'westeurope'
param nameSuffix = '-dev'
param image = readEnvironmentVariable('SERVICE_AGENT_IMAGE_NAME', '')
param filesHost = '\\\\files-dev\\retail'
