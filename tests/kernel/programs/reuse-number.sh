# Has two programs run one after the other under the same number, again and again: $1 is the folder of the copies of a shell,
# $2 how many pairs. Each says "NUMBER PARENT NAME" of itself.
cd "$1" || exit 1
if [ "$2" = self ]; then
  [ "$3" = 0 ] || [ "$$" = "$3" ] || exit 9
  umask 022
  # What /proc says of starts is exact to 10 ms.
  sleep 0.02
  umask 022
  echo "$$ $PPID $4"
  exit 0
fi
again() {
  echo $(($number - 1)) > /proc/sys/kernel/ns_last_pid
  "./$1" "$script" . self "$number" "$1" &
  wait $!
}
script=$0
./one-program "$script" . self 0 one-program &
number=$!
wait $!
pairs=0
tries=0
while [ $pairs -lt "$2" ] && [ $tries -lt 1000 ]; do
  tries=$((tries + 1))
  # Somebody else may have got the number.
  again other-program || continue
  (again one-program) || continue
  pairs=$((pairs + 1))
done
