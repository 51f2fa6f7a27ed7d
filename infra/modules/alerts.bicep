// What Azure sees first is told to the agent, as a hint: it reads the state again before it acts. When the agent itself
// is down, people are told.
param location string
param tags object
param namespaceId string
param factoryId string
param pipelines array
param agentId string
param agentUrl string
param webhookIdentifierUri string
param webhookObjectId string
param email string

var hasWebhook = !empty(webhookIdentifierUri) && !empty(webhookObjectId)

resource toAgent 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'lakewarden-agent'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'lakewarden'
    webhookReceivers: hasWebhook ? [
      {
        name: 'agent'
        serviceUri: '${agentUrl}/api/v1/alerts'
        useCommonAlertSchema: true
        useAadAuth: true
        identifierUri: webhookIdentifierUri
        objectId: webhookObjectId
        tenantId: tenant().tenantId
      }
    ] : []
  }
}

resource toPeople 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'lakewarden-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'lw-people'
    emailReceivers: [
      {
        name: 'people'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource throttled 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'lakewarden-hub-throttled'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Hubs turned requests away: sources or the agent are slowed down.'
    severity: 2
    enabled: true
    scopes: [
      namespaceId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'throttled'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventHub/namespaces'
          metricName: 'ThrottledRequests'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: toAgent.id
      }
    ]
  }
}

resource ingressDrop 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'lakewarden-ingress-drop'
  location: 'global'
  tags: tags
  properties: {
    description: 'A hub gets far fewer events than it usually does at this time.'
    severity: 2
    enabled: true
    scopes: [
      namespaceId
    ]
    targetResourceType: 'Microsoft.EventHub/namespaces'
    targetResourceRegion: location
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      // The only kind that takes a learned threshold.
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'incoming'
          criterionType: 'DynamicThresholdCriterion'
          metricNamespace: 'Microsoft.EventHub/namespaces'
          metricName: 'IncomingMessages'
          timeAggregation: 'Total'
          operator: 'LessThan'
          alertSensitivity: 'Medium'
          failingPeriods: {
            numberOfEvaluationPeriods: 4
            minFailingPeriodsToAlert: 3
          }
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: toAgent.id
      }
    ]
  }
}

resource failedRuns 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'lakewarden-failed-runs'
  location: 'global'
  tags: tags
  properties: {
    description: 'A Data Factory run of a batch source failed.'
    severity: 2
    enabled: true
    scopes: [
      factoryId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'failed'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.DataFactory/factories'
          metricName: 'PipelineFailedRuns'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
          // Tells the agent which source is meant.
          dimensions: [
            {
              name: 'Name'
              operator: 'Include'
              values: pipelines
            }
          ]
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: toAgent.id
      }
    ]
  }
}

resource agentDown 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(email)) {
  name: 'lakewarden-agent-down'
  location: 'global'
  tags: tags
  properties: {
    description: 'No replica of the agent runs: nothing lands and nothing is healed.'
    severity: 1
    enabled: true
    scopes: [
      agentId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'replicas'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.App/containerApps'
          metricName: 'Replicas'
          timeAggregation: 'Maximum'
          operator: 'LessThan'
          threshold: 1
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: toPeople.id
      }
    ]
  }
}
