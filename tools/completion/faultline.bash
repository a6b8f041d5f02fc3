# Completion for bash: source this file, or install it as bash-completion's "faultline".
_faultline() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
  case $previous in
    --unwind) COMPREPLY=($(compgen -W 'near fp dwarf' -- "$word")); return ;;
    --set|--vary)
      COMPREPLY=($(compgen -S = -W "$(faultline what-if --knobs | sed '1d;s/ .*//')" -- "$word"))
      compopt -o nospace; return ;;
    --on) COMPREPLY=($(compgen -W 'sim kernel' -- "$word")); return ;;
    --touch) COMPREPLY=($(compgen -W 'none recorded first all' -- "$word")); return ;;
    --format) COMPREPLY=($(compgen -W 'table json csv html trace chrome gbench folded speedscope pprof' -- "$word")); return ;;
    --kernel) COMPREPLY=($(compgen -W "linux-2.4 linux-2.6.24 linux-2.6.38 linux-3.15 linux-4.4 linux-5.4 linux-5.10 linux-5.15 linux-6.1 linux-6.12 linux-6.18" -- "$word")); return ;;
    --era) COMPREPLY=($(compgen -W '2.4 2.6 today' -- "$word")); return ;;
    --machine)
      COMPREPLY=($(compgen -W 'x86-64 x86-64-5level i386 i386-pae arm64-4k arm64-16k arm64-64k' \
        -- "$word")); return ;;
    --allocator|--allocators)
      COMPREPLY=($(compgen -W 'faultline ptmalloc glibc jemalloc mimalloc tcmalloc' -f -- "$word")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(faultline --help | sed -n '/^Subcommands:/,$s/^  \([a-z-]*\) .*/\1/p')" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(faultline "$verb" --help | grep -o -- '--[a-z-]*' | sort -u)" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
    case $verb in verify|replay|what-if|explain)
      COMPREPLY+=($(compgen -W "$(faultline explain --list | sed 's/ .*//')" -- "$word")) ;;
    esac
  fi
}
complete -o filenames -F _faultline faultline
