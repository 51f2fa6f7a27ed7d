// Who the agent is. What it may do stands beside each thing that it may do it to.
param location string
param tags object

resource agent 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'lakewarden-agent'
  location: location
  tags: tags
}

output id string = agent.id
output principalId string = agent.properties.principalId
output clientId string = agent.properties.clientId
