# perl: hashes, sorting, regular expressions, strings that grow.
# needs: perl
perl -e '
  my $count = $ENV{SCALE} eq "long" ? 400_000 : 30_000;
  my %h;
  for my $i (1 .. $count) {
    my $key = sprintf "k%d", ($i * 7919) % 10_007;
    push @{$h{$key}}, "v" x ($i % 40);
    delete $h{$key} if $i % 11 == 0;
  }
  my @keys = sort { @{$h{$b}} <=> @{$h{$a}} || $a cmp $b } keys %h;
  print scalar(@keys), " keys\n";
  print "$_ ", scalar @{$h{$_}}, "\n" for @keys[0 .. 9];
  my $text = join ",", map { "item $_" } 1 .. $count / 10;
  my $hits = () = $text =~ /item \d*7\b/g;
  (my $other = $text) =~ s/(\d+)/<$1>/g;
  print "$hits hits, ", length $other, " characters\n";'
