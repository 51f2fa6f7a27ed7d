// Namespace and hubs of the pipeline file. A consumer group of its own, so that a reader of somebody else's cannot take
// the agent's partitions away.
param location string
param tags object
param namespaceName string
param hubs array
param consumerGroup string
param sku string
param retentionDays int
param protectData bool
param workspaceId string
param receiverPrincipalId string
param senderPrincipalIds array

var dataReceiver = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
var dataSender = '2b629674-e913-4c01-ae53-ef4638d8f975'
var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
// The agent drains them and compares what Azure Monitor counted with what landed; it manages nothing here.
var agentRoles = [
  dataReceiver
  monitoringReader
]

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: 1
  }
  properties: {
    disableLocalAuth: true
    isAutoInflateEnabled: sku == 'Standard'
    maximumThroughputUnits: sku == 'Standard' ? 10 : 0
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = [for each in hubs: {
  parent: namespace
  name: each.name
  properties: {
    partitionCount: each.partitionCount
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: retentionDays * 24
    }
  }
}]

resource group 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = [for (each, i) in hubs: {
  parent: hub[i]
  name: consumerGroup
}]

resource agentRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in agentRoles: {
  name: guid(namespace.id, receiverPrincipalId, role)
  scope: namespace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: receiverPrincipalId
    principalType: 'ServicePrincipal'
  }
}]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in senderPrincipalIds: {
  name: guid(namespace.id, principal, dataSender)
  scope: namespace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSender)
    principalId: principal
  }
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'lakewarden'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (protectData) {
  name: 'keep-events'
  scope: namespace
  properties: {
    level: 'CanNotDelete'
    notes: 'Events that have not landed are only here.'
  }
}

output id string = namespace.id
