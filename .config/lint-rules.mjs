// Rules of the house that oxlint has none of. Plain JavaScript, so that an editor's older Node can load it.

const message =
  'A call takes some 120,000 arguments at most, so an array whose size comes from data must not be spread into one: loop, or build the array with [...a, ...b]. ' +
  'Where its size is known to be small, say by what in `// oxlint-disable-next-line orrery/no-spread-call -- …`.'

/** Names of the rest parameters around the node: what a caller wrote out, by this very rule. */
function restNames(node) {
  const names = new Set()
  for (let at = node.parent; at; at = at.parent)
    for (const parameter of at.params ?? []) if (parameter.type === 'RestElement') names.add(parameter.argument.name)
  return names
}

/** Written out in the source: its size is there to be seen. */
function isWrittenOut(node) {
  if (node.type === 'ArrayExpression') return node.elements.every((element) => element?.type !== 'SpreadElement' || isWrittenOut(element.argument))
  return node.type === 'ConditionalExpression' && isWrittenOut(node.consequent) && isWrittenOut(node.alternate)
}

function isBounded(argument) {
  return isWrittenOut(argument) || (argument.type === 'Identifier' && restNames(argument).has(argument.name))
}

const noSpreadCall = {
  create(context) {
    const checkSpread = (node) => {
      for (const argument of node.arguments) if (argument.type === 'SpreadElement' && !isBounded(argument.argument)) context.report({ node: argument, message })
    }
    /** `f.apply(self, array)` and `Reflect.apply(f, self, array)` are spreads by another name. */
    const checkApply = (node) => {
      const { callee } = node
      if (callee.type !== 'MemberExpression' || callee.computed || callee.property.name !== 'apply') return
      const list = node.arguments.at(callee.object.name === 'Reflect' ? 2 : 1)
      if (list && !isBounded(list)) context.report({ node: list, message })
    }
    return {
      CallExpression(node) {
        checkSpread(node)
        checkApply(node)
      },
      NewExpression: checkSpread,
    }
  },
}

const recordMessage =
  'z.record leaves out the key __proto__, and what comes of it is asked for names that every object inherits. Words of outsiders (labels, hosts, reasons) are pairs in ' +
  'what is written down (NamedCounts), a Map in memory, and namedValues at an edge. Where the keys are ours, say so in `// oxlint-disable-next-line orrery/no-open-record -- …`.'

const noOpenRecord = {
  create(context) {
    return {
      CallExpression(node) {
        const { callee, arguments: given } = node
        if (callee.type !== 'MemberExpression' || callee.object.name !== 'z' || callee.property.name !== 'record') return
        context.report({ node: given[0] ?? node, message: recordMessage })
      },
    }
  },
}

export default { meta: { name: 'orrery' }, rules: { 'no-spread-call': noSpreadCall, 'no-open-record': noOpenRecord } }
