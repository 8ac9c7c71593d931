import { isTag, type Element, type ParentNode } from 'domhandler'
import { firstNodes } from '../html/dom.ts'
import { remembered } from '../html/name-memory.ts'

/** Names of languages as highlighters take them (Pygments, Prism, highlight.js, Shiki, Linguist): what a class may name besides. */
const known = new Set(
  `abap abnf actionscript ada adoc agda al algol algol68 ambienttalk antlr antlr4 apache apacheconf apex apl applescript aql arduino arff arm armasm arm-asm arturo asciidoc asm
  asm6502 asn1 asp aspnet aspx-cs assembly astro autohotkey ahk autoit avrasm avro-idl awk bash bash-session basic bat batch batchfile bazel bbcode beancount befunge berry bib bibtex
  bicep bison bitbake blade blitzmax bnf boo boogie bqn brainfuck brightscript bsl c c# c++ ca65 caddy caddyfile capnp carbon ceylon cfc cfengine3 cfg cfm cfml cg chaiscript chapel chpl
  cirru cjs clarity clean clike clipper clj cljc cljs clojure clojurescript cmake cmd cobol codeql coffee coffeescript coffee-script common-lisp conf config console cooklang coq cpp cql
  cr crontab crystal cs cs-script csh csharp cshtml csound csp css css-extras csv cts cu cucumber cuda cue curl cxx cypher cython cy d dart dataweave dax delphi desktop devicetree dhall diff
  django dns dns-zone docker docker-compose dockerfile dos dosbatch dosini dot dotenv dpatch dpr dts dtd dylan earthfile ebnf ecl editorconfig eex eiffel ejs elisp elixir elm emacs emacs-lisp
  env erb erl erlang es6 eta etlua excel excel-formula ex exs f# f90 factor fasm fennel fish fix forth fortran foxpro freefem fsharp fs fstar ftl fut futhark gams gap gas gawk gcode gd gdscript
  gemfile genie gettext gherkin git git-commit git-rebase gitattributes gitignore gleam glimmer glsl gml gn gnuplot go go-mod golang golo gosu gradle graphql graphviz gql groovy g4 h hack haml
  handlebars hare haskell haxe hbs hcl hcl2 heex hexdump hjson hlsl hoon hpp hs hql htaccess html html5 html+erb html+jinja html+django html+php htmlbars htmldjango http hx hxml hy hylang idl idris ignore imba
  inf inform6 inform7 ini ino interlis io iolang ipython ipython3 irb isabelle j jade jags janet java javascript javascriptreact javastacktrace jcl jinja jinja2 jinja-html jl js jscript json json5 jsonc jsonl
  json-ld jsonld jsonnet jsonp jsp jssm jsx julia julia-repl jupyter k kconfig kdl ksh kotlin kql kt kts kusto lasso latex lean lean3 lean4 less lhaskell lhs lilypond liquid lisp literate-haskell
  livescript llvm log logql logtalk lolcode ls lsl lua luau m2 m4 macaulay2 magma make makefile mako maple markdown marko markup markup-templating mathematica mathml matlab maxima mcfunction md mdx mediawiki mel
  mercury mermaid meson mf minizinc mips mips-asm mipsasm mirc mizar mjs mk mkd ml mlir mma modelica modula2 modula3 mojo mojolicious mongo mongodb monkey moon moonscript move msl mts mustache mxml mysql
  mysql-session nasm ncl nemerle neon nestedtext netlogo newlisp nf nextflow nginx nginxconf nickle nim nimrod nit nix nixos nomad nroff nsis nu nushell numpy nunjucks objc objc++ objective-c objective-c++
  objective-cpp objectivec objectpascal objectscript ocaml octave odin oberon opencl openedge openqasm openscad org org-mode oxygene p4 pas pascal pcap pddl peg perl perl6 pf pgsql php php-template phtml pig pike
  pine plantuml plpgsql plsql po pod pony postcss postgres postgresql postgres-console postscript pot povray powerquery powershell pq prettier prisma processing procfile prof proguard prolog promql properties
  proto proto3 protobuf ps ps1 psl psm1 psql psql-session pug puml puppet purebasic purescript purs pwsh py py2 py3 pycon pypylog pyrex pytb python python2 python3 python-console python-repl python-traceback pyx q qasm qb64 qbasic
  qml qsharp ql r racket raku rapydscript razor rb rbi rbs rconsole reason reasonml rebol red rego regex regexp rel renpy rescript rest restructuredtext rexx rhtml rib riscv rkt roboconf robot robotframework
  ron rs rsl rst ruby ruleslanguage rust s sagemath sail sarif sas sass scad scala scd scheme scilab scm scss sed sgml sh shaderlab shell shell-session shellscript shellsession sh-session shex sieve silq slim slint sls smali
  smalltalk smarty smithy sml smtlib smt2 snakemake snbt sol solidity soy sparql spf splunk sql sqf sqlite sqlite3 sqlpl squirrel ssh-config stan starlark stata step21 styl stylus subunit sudoers supercollider svelte svg
  swift swig systemd systemverilog sv t-sql tablegen tact tads tap tasm tcl tcsh teal terraform tex texinfo textile textproto tf tfvars thrift tla tlaplus toml tp trace traceback tree-sitter ts tsql tsv tsx ttl turtle
  twig txtpb typescript typescriptreact typoscript typst uiua unix unrealscript urscript uri usd v vala vb vb.net vb6 vba vbnet vbs vbscript vcl velocity verilog vhdl vi vim viml vimscript visual-basic vue vue-html vyper wasm
  wast wat wdl webidl webmanifest wgsl wiki wikitext wit wolfram wren x86 x86asm x10 xhtml xl xml xml-doc xojo xonsh xpath xq xquery xsd xsh xsl xslt xtend yacc yaml yaml-frontmatter yang yara yml zenscript zeek
  zephir zig zil zsh zsh-session`.split(/\s+/),
)
/** Names that say something else when they stand alone in a class. */
const ambiguous = new Set(
  'al arm basic batch carbon clean conf config console cue curl d desktop diff dot env factor fish fix go-mod h http ignore inf io j k less log ls make mf monkey moon move neon nu org po pod pony prettier processing prof properties q ql reason rel red rest ron s sail slim soy spf step21 tap tp trace tree-sitter unix uri v vi wiki wit x10 xl x86'.split(
    ' ',
  ),
)
/** Whether a label says nothing but a language: `C++`, `Visual Basic`, `Plain text`. */
export const isLanguageName = (label: string): boolean => label.length < 30 && (known.has(label.toLowerCase()) || plain.test(label))
const plain = /^(?:(?:plain )?text|plaintext|visual basic|objective-c|terminal|command line|shell session)$/i

const attributes = [
  'data-lang',
  'data-language',
  'data-enlighter-language',
  'data-code-language',
  'data-canonical-lang',
  'data-highlight-language',
  'language',
  'syntax',
]
const marked = /(?:^|[\s;"])(?:language|lang|highlight-source|highlight-text|highlight|brush|src|source|code)[-:_]\s?([a-z][\w+#.-]{0,24})(?=$|[\s;"])/gi
/** Classes of which another names the language. */
const isCode =
  /(?:^|\s)(?:hljs|highlight|highlighted|sourceCode|prettyprint|syntaxhighlighter|syntax|prism-code|brush|src|code|codehilite|shiki|chroma|hl)(?=$|\s)/
const nodesMax = 200
const ancestorsMax = 3

/** The language that the page gives a block of code: on the block, on what is in it or on what wraps it. Empty when it names none that is known. */
export function languageOf(block: Element): string {
  let found = named(block)
  for (const node of firstNodes(block, nodesMax))
    if (found === '' && isTag(node) && (node.name !== 'span' || node.attribs['lang'] !== undefined)) found = named(node)
  let outer: ParentNode | null = block.parent
  for (let steps = 0; outer && isTag(outer) && found === '' && steps < ancestorsMax; steps++, outer = outer.parent) found = named(outer)
  return found
}

function named({ name, attribs }: Element): string {
  for (const attribute of attributes) {
    const value = attribs[attribute]
    if (value !== undefined && known.has(value.trim().toLowerCase())) return value.trim().toLowerCase()
  }
  const { lang, class: classes, 'data-syntaxhighlighter-params': params } = attribs
  // The `lang` of a `<pre>` is mostly that of a highlighter, unless it is one that people speak.
  if (lang !== undefined && lang.length > 2 && (name === 'pre' || name === 'code' || name === 'span') && known.has(lang.toLowerCase()))
    return lang.toLowerCase()
  const byParams = params === undefined ? '' : ofClass(params)
  return byParams || (classes === undefined ? '' : ofClass(name === 'pre' || name === 'code' ? `hl ${classes}` : classes))
}

const ofClass = remembered((classes: string): string => {
  const text = classes.slice(0, 300).toLowerCase()
  for (const [, name = ''] of text.matchAll(marked)) if (known.has(name)) return name
  if (!isCode.test(classes.slice(0, 300))) return ''
  return text.split(/[\s;]+/).find((word) => known.has(word) && !ambiguous.has(word)) ?? ''
})
